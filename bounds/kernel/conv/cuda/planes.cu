// The planes of convolutional kernels on a GPU: one warp to a plane, one lane to a column, all rows in registers through
// all layers. The neighbours along a row come by shuffles, those along a column are at hand. See package conv for the
// recursion. Images have at most 32 x 32 pixels, filters 3 x 3 weights; padding is by zeros.

#define ROWS 32
#define TERMS 17
#define TERMS32 9

// 1/q^2, the snap, and then the polynomials over pi q^2, interleaved, the highest terms first.
__constant__ float constants32[2 + 2 * TERMS32];
__constant__ double constants64[2 + 2 * TERMS];

struct Tables {        // of all images, one after the other
	const void *pixels;  // [channel][row][column]
	const void *s, *r;   // [layer][row][column]
};

struct Arguments {
	Tables x, z;
	const int2 *pairs; // of images of x and z
	double2 *sums;     // NNGP and NTK: [pair][dj][di]
	int count, channels, rows, columns, layers;
	int planes;        // 1: the plane of offset (0,0) alone; else rows * columns
	int fixFirst, fixLast;
};

__device__ __forceinline__ float fused(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ double fused(double a, double b, double c) { return fma(a, b, c); }
__device__ __forceinline__ float root(float a) { return sqrtf(a); }
__device__ __forceinline__ double root(double a) { return sqrt(a); }
template <class T> struct Numbers;
template <> struct Numbers<float> {
	static const int terms = TERMS32;
	__device__ static __forceinline__ float at(int k) { return constants32[k]; }
};
template <> struct Numbers<double> {
	static const int terms = TERMS;
	__device__ static __forceinline__ double at(int k) { return constants64[k]; }
};

// patch replaces a plane by its patch sums. No patch reaches across the last row, nor from row cut-1 to row cut.
template <class T> __device__ __forceinline__ void patch(T (&v)[ROWS], int rows, int cut, T left, T right) {
	T above = 0;
#pragma unroll
	for (int i = 0; i < ROWS; i++) {
		T here = v[i];
		T before = __shfl_up_sync(~0u, here, 1), after = __shfl_down_sync(~0u, here, 1);
		v[i] = fused(after, right, fused(before, left, here));
	}
#pragma unroll
	for (int i = 0; i < ROWS; i++) {
		T here = v[i];
		T sum = i == 0 || i == cut ? here : above + here;
		if (i + 1 < ROWS && i + 1 < rows && i + 1 != cut) sum += v[i + 1 < ROWS ? i + 1 : i];
		v[i] = i < rows ? sum : T(0);
		above = here;
	}
}

// relu takes sigma to K and theta to D theta + K; SIGNED where correlations can be negative.
template <class T, bool SIGNED>
__device__ __forceinline__ void relu(T (&sigma)[ROWS], T (&theta)[ROWS], const T *s, const T *r, const T *s2, const T *r2,
                                     int rows, int columns, int di) {
	const T share = Numbers<T>::at(0), snap = Numbers<T>::at(1);
#pragma unroll
	for (int i = 0; i < ROWS; i++) {
		if (i < rows) {
			int k = i * columns, partner = i + di;
			if (partner >= rows) partner -= rows;
			int l = partner * columns;
			T v = sigma[i];
			bool negative = SIGNED && v < T(0);
			if (negative) v = -v;
			T d = fused(-v, __ldg(r + k) * __ldg(r2 + l), T(1));
			if (d < snap) d = 0;
			T p = Numbers<T>::at(2), h = Numbers<T>::at(3);
#pragma unroll
			for (int j = 1; j < Numbers<T>::terms; j++) {
				p = fused(p, d, Numbers<T>::at(2 + 2 * j));
				h = fused(h, d, Numbers<T>::at(3 + 2 * j));
			}
			T w = root(d);
			T slope = negative ? w * p : fused(-w, p, share);
			T rest = negative ? T(0) : fused(-d, share, share);
			T kernel = __ldg(s + k) * __ldg(s2 + l) * fused(w * d, h, rest);
			sigma[i] = kernel;
			theta[i] = fused(slope, theta[i], kernel);
		}
	}
}

template <class T> __device__ void run(const Arguments &a) {
	long long warp = ((long long)blockIdx.x * blockDim.x + threadIdx.x) >> 5;
	if (warp >= (long long)a.count * a.planes) return;
	int lane = threadIdx.x & 31;
	int pair = warp / a.planes, plane = warp % a.planes;
	int dj = plane / a.rows, di = plane % a.rows;
	int x = a.pairs[pair].x, z = a.pairs[pair].y;
	int rows = a.rows, columns = a.columns, size = rows * columns;
	bool inside = lane < columns;
	int column = inside ? lane : 0, column2 = (column + dj) % columns;
	T left = inside && column > 0 && column2 > 0, right = inside && column + 1 < columns && column2 + 1 < columns;
	int cut = rows - di;
	T sigma[ROWS], theta[ROWS];
	const T *px = (const T *)a.x.pixels + (size_t)x * a.channels * size + column;
	const T *pz = (const T *)a.z.pixels + (size_t)z * a.channels * size + column2;
#pragma unroll
	for (int i = 0; i < ROWS; i++) {
		T sum = 0;
		if (i < rows && inside) {
			int partner = i + di;
			if (partner >= rows) partner -= rows;
			for (int c = 0; c < a.channels; c++) sum = fused(px[c * size + i * columns], pz[c * size + partner * columns], sum);
		}
		sigma[i] = sum;
	}
	patch(sigma, rows, cut, left, right);
#pragma unroll
	for (int i = 0; i < ROWS; i++) theta[i] = a.fixFirst ? T(0) : sigma[i];
	const T *s = (const T *)a.x.s + (size_t)x * a.layers * size + column, *r = (const T *)a.x.r + (size_t)x * a.layers * size + column;
	const T *s2 = (const T *)a.z.s + (size_t)z * a.layers * size + column2, *r2 = (const T *)a.z.r + (size_t)z * a.layers * size + column2;
	relu<T, true>(sigma, theta, s, r, s2, r2, rows, columns, di);
	// The lanes beyond the last column go along with borrowed tables; what they make is finite and used nowhere.
	for (int h = 1; h < a.layers; h++) {
		patch(sigma, rows, cut, left, right);
		patch(theta, rows, cut, left, right);
		s += size, r += size, s2 += size, r2 += size;
		relu<T, false>(sigma, theta, s, r, s2, r2, rows, columns, di);
	}
	double nngp = 0, ntk = 0;
#pragma unroll
	for (int i = 0; i < ROWS; i++) {
		if (i < rows && inside) nngp += sigma[i], ntk += theta[i];
	}
#pragma unroll
	for (int step = 16; step; step >>= 1) {
		nngp += __shfl_down_sync(~0u, nngp, step);
		ntk += __shfl_down_sync(~0u, ntk, step);
	}
	if (lane == 0) a.sums[warp] = make_double2(nngp, a.fixLast ? ntk - nngp : ntk);
}

extern "C" __global__ void __launch_bounds__(128, 4) planes32(const Arguments a) { run<float>(a); }
extern "C" __global__ void __launch_bounds__(64, 4) planes64(const Arguments a) { run<double>(a); }

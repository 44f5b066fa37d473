package mathml_test

import (
	"fmt"

	"convergo/report/mathml"
)

func ExampleToMathML() {
	out, err := mathml.ToMathML(`\lambda_0 > 0`, false)
	fmt.Println(out, err)
	_, err = mathml.ToMathML(`x \lower y`, false)
	fmt.Println(err)
	// Output:
	// <math xmlns="http://www.w3.org/1998/Math/MathML" alttext="\lambda_0 &gt; 0"><mrow><msub><mi>λ</mi><mn>0</mn></msub><mo stretchy="false">&gt;</mo><mn>0</mn></mrow></math> <nil>
	// mathml: unknown command \lower at offset 2
}

func ExampleToHTML() {
	fmt.Println(mathml.ToHTML(`\lambda_0 > 0`, false))
	// Output:
	// <math><msub><mi>λ</mi><mn>0</mn></msub><mo>&gt;</mo><mn>0</mn></math> <nil>
}

func ExampleToText() {
	fmt.Println(mathml.ToText(`\|u(k)-y\|_2^2 \le \left(1-\frac{\eta\lambda_0}{2}\right)^k \|u(0)-y\|_2^2`))
	// Output: ‖u(k) - y‖_2^2 ≤ (1 - (ηλ_0)/2)^k ‖u(0) - y‖_2^2
}

// Package testdata holds the real data that is compiled into convergo; see
// data/README.md for its origin and licences. It exists because go:embed sees
// only files below the embedding package. Use it through convergo/nets/data.
package testdata

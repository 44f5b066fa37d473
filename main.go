// Command convergo checks published convergence theorems about
// over-parameterised neural networks against runs, and says how loose they are.
// "convergo verify" is the main job; "convergo help" lists the rest.
package main

import (
	"convergo/checks/command"
	"convergo/theorems"
)

func main() { command.Main(theorems.Suite()) }

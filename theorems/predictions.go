package theorems

import (
	"convergo/bounds/predict"
	"convergo/theorems/allenzhu2019"
	"convergo/theorems/arora2019exact"
	"convergo/theorems/arora2019fine"
	"convergo/theorems/basics"
	"convergo/theorems/bombari2022"
	"convergo/theorems/cao2019"
	"convergo/theorems/du2019"
	"convergo/theorems/du2019deep"
	"convergo/theorems/liao2022"
	"convergo/theorems/liu2022"
	"convergo/theorems/montanari2022"
	"convergo/theorems/munteanu2022"
	"convergo/theorems/nguyen2021"
	"convergo/theorems/song2021"
	"convergo/theorems/song2024"
	"convergo/theorems/yang2023"
	"convergo/theorems/soltanolkotabi2019"
	"convergo/theorems/shevchenko2023"
)

// predictors are what the sources say about a data set. A source that says something computable has a
// function Predictions, in a file predictions.go of its folder, and a line here.
var predictors = []func(*predict.Data) []predict.Prediction{
	basics.Predictions,
	arora2019exact.Predictions,
	arora2019fine.Predictions,
	du2019.Predictions,
	du2019deep.Predictions,
	allenzhu2019.Predictions,
	cao2019.Predictions,
	soltanolkotabi2019.Predictions,
	nguyen2021.Predictions,
	song2021.Predictions,
	bombari2022.Predictions,
	liao2022.Predictions,
	liu2022.Predictions,
	montanari2022.Predictions,
	munteanu2022.Predictions,
	yang2023.Predictions,
	song2024.Predictions,
	shevchenko2023.Predictions,
	recalled,
}

// recalled are requirements of papers that are no source here: orders of growth, their constants set to 1.
func recalled(d *predict.Data) []predict.Prediction {
	return []predict.Prediction{
		d.Required("songyang2019", "recalled", "", "songyang2019/descent", predict.Training),
		d.Required("oymak2019", "recalled", "", "oymak2019/descent", predict.Training),
	}
}

// Predict evaluates the theorems of all sources on a data set, the tightest first.
func Predict(d *predict.Data) []predict.Prediction { return predict.All(d, predictors...) }

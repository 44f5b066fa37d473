package arora2019exact

import "convergo/bounds/predict"

// Predictions are what the paper says about a data set: the width from which on the tangent kernel of the start is as good as its
// limit, with the published exponents and with those derived here.
func Predictions(d *predict.Data) []predict.Prediction {
	return []predict.Prediction{
		d.Required(key, "Theorem 3.1", key+"/kernel-theorem", key+"/kernel", predict.Start),
		d.Required(key, "Theorem 3.1, derived", key+"/shallow-tail", "derived/shallow-tangent", predict.Start),
	}
}

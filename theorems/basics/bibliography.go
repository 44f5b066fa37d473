package basics

// bibliography has an entry for every work that a base fact cites. What cites
// none is derived in its statement.
const bibliography = `@inproceedings{cho2009,
  author    = {Cho, Youngmin and Saul, Lawrence K.},
  title     = {Kernel Methods for Deep Learning},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {22},
  pages     = {342--350},
  year      = {2009}
}

@inproceedings{du2019,
  author        = {Du, Simon S. and Zhai, Xiyu and P{\'o}czos, Barnab{\'a}s and Singh, Aarti},
  title         = {Gradient Descent Provably Optimizes Over-parameterized Neural Networks},
  booktitle     = {International Conference on Learning Representations},
  year          = {2019},
  eprint        = {1810.02054},
  archivePrefix = {arXiv}
}

@article{hoeffding1963,
  author  = {Hoeffding, Wassily},
  title   = {Probability Inequalities for Sums of Bounded Random Variables},
  journal = {Journal of the American Statistical Association},
  volume  = {58},
  number  = {301},
  pages   = {13--30},
  year    = {1963}
}

@book{horn2013,
  author    = {Horn, Roger A. and Johnson, Charles R.},
  title     = {Matrix Analysis},
  edition   = {Second},
  publisher = {Cambridge University Press},
  year      = {2013}
}

@inproceedings{karimi2016,
  author    = {Karimi, Hamed and Nutini, Julie and Schmidt, Mark},
  title     = {Linear Convergence of Gradient and Proximal-Gradient Methods Under the {Polyak-{\L}ojasiewicz} Condition},
  booktitle = {Machine Learning and Knowledge Discovery in Databases},
  series    = {Lecture Notes in Computer Science},
  volume    = {9851},
  pages     = {795--811},
  year      = {2016}
}

@article{lessard2016,
  author  = {Lessard, Laurent and Recht, Benjamin and Packard, Andrew},
  title   = {Analysis and Design of Optimization Algorithms via Integral Quadratic Constraints},
  journal = {SIAM Journal on Optimization},
  volume  = {26},
  number  = {1},
  pages   = {57--95},
  year    = {2016}
}

@article{nesterov1983,
  author  = {Nesterov, Yurii},
  title   = {A Method for Solving the Convex Programming Problem with Convergence Rate {$O(1/k^2)$}},
  journal = {Soviet Mathematics Doklady},
  volume  = {27},
  number  = {2},
  pages   = {372--376},
  year    = {1983}
}

@book{nesterov2018,
  author    = {Nesterov, Yurii},
  title     = {Lectures on Convex Optimization},
  edition   = {Second},
  publisher = {Springer},
  year      = {2018}
}

@article{oymak2020,
  author  = {Oymak, Samet and Soltanolkotabi, Mahdi},
  title   = {Toward Moderate Overparameterization: Global Convergence Guarantees for Training Shallow Neural Networks},
  journal = {IEEE Journal on Selected Areas in Information Theory},
  volume  = {1},
  number  = {1},
  pages   = {84--105},
  year    = {2020}
}

@article{polyak1963,
  author  = {Polyak, B. T.},
  title   = {Gradient Methods for the Minimisation of Functionals},
  journal = {USSR Computational Mathematics and Mathematical Physics},
  volume  = {3},
  number  = {4},
  pages   = {864--878},
  year    = {1963}
}

@article{polyak1964,
  author  = {Polyak, B. T.},
  title   = {Some Methods of Speeding up the Convergence of Iteration Methods},
  journal = {USSR Computational Mathematics and Mathematical Physics},
  volume  = {4},
  number  = {5},
  pages   = {1--17},
  year    = {1964}
}

@article{tropp2012,
  author  = {Tropp, Joel A.},
  title   = {User-Friendly Tail Bounds for Sums of Random Matrices},
  journal = {Foundations of Computational Mathematics},
  volume  = {12},
  number  = {4},
  pages   = {389--434},
  year    = {2012}
}

@inproceedings{williams1997,
  author    = {Williams, Christopher K. I.},
  title     = {Computing with Infinite Networks},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {9},
  pages     = {295--301},
  year      = {1997}
}`

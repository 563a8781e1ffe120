package recurrent

import "godwit/shared/ml/neural/vector"

// gru is a cell with reset gate r, update gate z and candidate n, in this
// order, of input gates x and recurrent ones u = h·W + b:
//
//	r = σ(x_r + u_r)    z = σ(x_z + u_z)    n = tanh(x_n + r·u_n)
//	h' = n + z·(h - n)
//
// This is the form of cuDNN and PyTorch, where r scales h·W + b and not h.
type gru struct{}

func (gru) gates() int    { return 3 }
func (gru) memories() int { return 3 } // z, n, u_n; r stays in the gates

func (gru) forward(h, x, recurrent []float32, before state, keep [][]float32, n, units int) {
	for i := range n {
		xs, us := x[i*3*units:][:3*units], recurrent[i*3*units:][:3*units]
		row := func(s []float32) []float32 { return s[i*units:][:units] }
		z, c, un, out := row(keep[0]), row(keep[1]), row(keep[2]), row(h)
		gates := xs[:2*units]
		vector.Add(gates, us[:2*units])
		vector.Sigmoid(gates, gates)
		copy(z, gates[units:])
		copy(un, us[2*units:])
		// c = tanh(x_n + r·u_n), made in place of h.
		copy(c, gates[:units])
		vector.Mul(c, un)
		vector.Add(c, xs[2*units:])
		vector.Tanh(c, c)
		last := row(before.h)
		for j, v := range c {
			out[j] = v + z[j]*(last[j]-v)
		}
	}
}

func (gru) backward(dh, dx, drecurrent, carry []float32, before state, keep [][]float32, n, units int) {
	for i := range n {
		row := func(s []float32) []float32 { return s[i*units:][:units] }
		z, c, un, last, d, back := row(keep[0]), row(keep[1]), row(keep[2]), row(before.h), row(dh), row(carry)
		xs, us := dx[i*3*units:][:3*units], drecurrent[i*3*units:][:3*units]
		xr, xz, xn := xs[:units], xs[units:2*units], xs[2*units:][:units]
		ur, uz, u := us[:units], us[units:2*units], us[2*units:][:units]
		for j, g := range d {
			r := xr[j] // forward left the reset gate here
			dn := g * (1 - z[j]) * (1 - c[j]*c[j])
			dz := g * (last[j] - c[j]) * z[j] * (1 - z[j])
			dr := dn * un[j] * r * (1 - r)
			xr[j], xz[j], xn[j] = dr, dz, dn
			ur[j], uz[j], u[j] = dr, dz, dn*r
			back[j] = g * z[j]
		}
	}
}

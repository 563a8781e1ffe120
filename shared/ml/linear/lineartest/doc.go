// Package lineartest holds what the tests of the linear learners share: made
// matrices, and Run, the suite of laws that every learner obeys whatever it
// minimises. Only tests import it.
package lineartest

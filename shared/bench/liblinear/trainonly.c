// Times liblinear's train() alone, through its C API, so that reading the file
// and writing the model are not counted:
//
//   trainonly FILE EPSILON REPEAT
//
// FILE is in svmlight's form, features from 1. It solves -s 1 -B 1 -c 1 and
// prints the least processor time of the repeats in seconds, kernel included,
// and the primal objective summed over the classes.
#include <linear.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static double used(void) {
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return r.ru_utime.tv_sec + r.ru_stime.tv_sec + 1e-6 * (r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void *grown(void *p, long have, long *room, size_t size) {
	if (have < *room) return p;
	*room = *room ? 2 * *room : 1024;
	if (!(p = realloc(p, *room * size))) { perror("trainonly"); exit(1); }
	return p;
}

// Rows hold offsets until the nodes have stopped moving.
static struct problem read_rows(const char *path) {
	struct problem p = {.bias = 1};
	struct feature_node *nodes = NULL;
	long count = 0, room = 0, rows = 0, row_room = 0, label_room = 0, *start = NULL;
	FILE *f = fopen(path, "r");
	char *text = NULL, *at, *end;
	size_t size = 0;
	if (!f) { perror(path); exit(1); }
	while (getline(&text, &size, f) > 0) {
		start = grown(start, rows, &row_room, sizeof *start);
		p.y = grown(p.y, rows, &label_room, sizeof *p.y);
		start[rows] = count;
		p.y[rows++] = strtod(text, &at);
		for (;;) {
			long index = strtol(at, &end, 10);
			if (end == at || *end != ':') break;
			nodes = grown(nodes, count + 2, &room, sizeof *nodes);
			nodes[count].index = index;
			nodes[count++].value = strtod(end + 1, &at);
			if (index > p.n) p.n = index;
		}
		nodes = grown(nodes, count + 2, &room, sizeof *nodes);
		nodes[count++].index = 0; // the bias feature, when its number is known
		nodes[count++].index = -1;
	}
	fclose(f);
	p.n++;
	p.l = rows;
	p.x = malloc(rows * sizeof *p.x);
	for (long i = 0; i < rows; i++) p.x[i] = nodes + start[i];
	for (long i = 0; i < count; i++)
		if (nodes[i].index == 0) nodes[i] = (struct feature_node){p.n, 1};
	return p;
}

// The weights of class k of column j are at w[j * columns + k]; two classes
// have one column, for the first label.
static double primal(const struct problem *p, const struct model *m) {
	int columns = m->nr_class == 2 ? 1 : m->nr_class;
	double sum = 0;
	for (long i = 0; i < (long)p->n * columns; i++) sum += m->w[i] * m->w[i] / 2;
	for (int i = 0; i < p->l; i++)
		for (int k = 0; k < columns; k++) {
			double margin = 0;
			for (struct feature_node *f = p->x[i]; f->index != -1; f++)
				margin += m->w[(long)(f->index - 1) * columns + k] * f->value;
			double slack = 1 - (p->y[i] == m->label[k] ? margin : -margin);
			if (slack > 0) sum += slack * slack;
		}
	return sum;
}

static void quiet(const char *s) { (void)s; }

int main(int argc, char **argv) {
	if (argc != 4) { fprintf(stderr, "usage: trainonly FILE EPSILON REPEAT\n"); return 2; }
	struct problem p = read_rows(argv[1]);
	struct parameter q = {.solver_type = L2R_L2LOSS_SVC_DUAL, .C = 1, .eps = atof(argv[2]), .p = .1};
	double least = HUGE_VAL, objective = 0;
	set_print_string_function(quiet);
	for (int i = atoi(argv[3]); i > 0; i--) {
		double before = used();
		struct model *m = train(&p, &q);
		double took = used() - before;
		if (took < least) least = took;
		objective = primal(&p, m);
		free_and_destroy_model(&m);
	}
	printf("RESULT {\"cpu_s\":%.4f,\"primal\":%.9g}\n", least, objective);
	return 0;
}

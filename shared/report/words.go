package report

// words are all fixed words of a report in one language. Those that take values
// are formats of fmt; their comments name the values in order.
type words struct {
	Tag                   string // of the language, BCP 47
	Title                 string // of the page: model
	Kicker                string // above the heading
	Version               string // number
	Draft                 string // job
	Promoted              string
	Held                  string
	NotAsked              string
	LeadClasses           string // labels, rows trained, rows held out, accuracy, baseline
	LeadNumbers           string // rows trained, rows held out, rmse, baseline
	LeadUntested          string // rows trained
	LeadGone              string
	Contents              string
	Warnings              string
	About                 string // heading
	Task                  string
	Algorithm             string
	Chosen                string
	Labels                string
	Size                  string
	Created               string
	Description           string
	Verdict               string
	CalibrationName       string
	Quality               string // heading
	QualityNote           string
	Measure               string // column
	Value                 string // column
	Interval              string // column
	Meaning               string // column
	Accuracy              string
	AccuracyMeans         string
	MacroF1               string
	MacroF1Means          string
	Baseline              string
	BaselineMeans         string
	BaselineNumbers       string
	AUC                   string
	AUCMeans              string
	AveragePrecision      string
	AveragePrecisionMeans string
	Loss                  string
	LossMeans             string
	ECE                   string
	ECEMeans              string
	RMSE                  string
	RMSEMeans             string
	MAE                   string
	MAEMeans              string
	R2                    string
	R2Means               string
	CV                    string
	CVMeans               string // folds
	Champion              string // version
	Candidate             string
	Versus                string // rows, metric, this, version, that, difference, low, high
	VersusNone            string // version, rows
	VersusOther           string // version, one of VersusReasons
	Points                string // a difference of shares, in hundredths
	EstimatesTitle        string
	EstimatesDesc         string
	Errors                string // heading
	ConfusionTitle        string
	ConfusionDesc         string // labels, rows, wrong
	ConfusionOrder        string
	ConfusionWorst        string // shown, all
	ConfusionClean        string // labels
	ConfusionNamed        string
	ConfusionCell         string // truth, answer, count, of
	TrueLabel             string // axis
	Answer                string // axis
	GroupTitle            string // first label, further labels
	GroupDesc             string // rows, taken for another of the group
	Groups                string
	PairsHead             string
	Count                 string // column
	OfRows                string // column
	Confident             string
	Hard                  string
	MistakesNote          string
	Line                  string // column
	Record                string // column
	ItsLabel              string // column
	Score                 string // column
	TrueScore             string // column
	Beginning             string // column
	None                  string
	Sure                  string // heading
	ReliabilityTitle      string
	ReliabilityDesc       string // calibration error
	Confidence            string // axis
	ShareRight            string // axis
	BinTitle              string // rows, confidence, accuracy
	AbstainTitle          string
	AbstainDesc           string
	Answered              string // axis
	AbstainPoint          string // score, answered, accuracy
	CurvesTitle           string
	CurvesDesc            string // curves
	Recall                string
	Precision             string
	F1                    string
	SetsHead              string
	SetsNote              string
	Asked                 string // column
	Covered               string // column
	SetSize               string // column
	IntervalsHead         string
	IntervalsNote         string
	Width                 string // column
	ClassesHead           string // heading
	ClassesTitle          string
	ClassesRecall         string // shown
	ClassesCut            string // shown, all
	SortBy                string
	ByF1                  string
	BySupport             string
	ByName                string
	Label                 string // column
	Support               string // column
	DrivesHead            string // heading
	DrivesNote            string
	DrivesNumbers         string
	For                   string
	Against               string
	DrivesTitle           string // label
	DrivesTitleNumbers    string
	DrivesDesc            string
	SearchHead            string // heading
	SearchNote            string // candidates, folding
	Stratified            string
	Forward               string
	SearchTitle           string // metric
	SearchDesc            string
	SearchC               string // axis
	LearningTitle         string // metric
	LearningDesc          string
	LearningX             string // axis
	Best                  string
	Features              string // column
	Learner               string // column
	Options               string // column
	Deviation             string // column
	Share                 string // column
	Terms                 string // column
	SearchCut             string // shown, all
	PruningNote           string // weights, same, rows
	CoursesHead           string // heading
	CoursesNote           string // trainings
	CoursesTable          string
	CoursesCut            string // epochs
	CourseName            string // features, fold
	CoursePoint           string // training, epoch, value
	Training              string // column
	Epoch                 string // column, axis
	EpochCount            string // n
	LossAxis              string // axis
	TrainLoss             string // column
	TrainLossTitle        string
	TrainLossDesc         string
	HeldLoss              string // column
	HeldLossTitle         string
	HeldLossDesc          string
	HeldAccuracy          string // column, axis
	HeldAccuracyTitle     string
	HeldAccuracyDesc      string
	Stored                string
	StoredCost            string // form, accuracy before, after
	DividedHead           string // heading
	DividedClasses        string
	DividedRows           string
	Engine                string
	Blocks                string
	Shards                string
	Rounds                string // also column
	Moved                 string // also column
	DollarsRows           string
	DollarsClasses        string
	Phase                 string // column
	Gap                   string // column
	GapOpen               string // gap
	GapsOpen              string // trainings
	DataHead              string // heading
	Read                  string
	Trained               string
	HeldOut               string
	Rejected              string
	Split                 string
	SplitColumn           string
	SplitHash             string
	SplitTime             string
	BalanceTitle          string
	BalanceDesc           string // labels, smallest, largest
	BalanceCut            string // n
	IssuesHead            string
	Finding               string // column
	NoIssues              string
	HexTitle              string
	HexDesc               string // rows
	TrueNumber            string // axis
	Predicted             string // axis
	HexCell               string // rows
	ResidualTitle         string
	ResidualDesc          string
	Residual              string // axis
	BandTitle             string // rows, median
	Lineage               string // heading
	Dataset               string
	Source                string
	DataDigest            string
	DataTime              string
	Job                   string
	Code                  string
	Seed                  string
	Parent                string
	ArtifactDigest        string
	EvaluationDigest      string
	AgainHead             string
	AgainNote             string
	AgainInbox            string
	// Tasks, Algorithms, Codes, VersusReasons, Engines and Phases name what the service calls by a code; a code that
	// is not there stands for itself.
	Tasks, Algorithms, Codes, VersusReasons, Engines, Phases map[string]string
}

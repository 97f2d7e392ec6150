package repro

import (
	"strings"

	"github.com/gpstorm/gpstorm/trial"
)

// The first lines of a draft, which describe the log it was made for.
const (
	headSymptoms  = "# symptoms of the log: "
	headSignature = "# signature under baseline: "
)

// Written is the description, in a draft, of the log it was made for.
type Written struct {
	Symptoms  []Symptom
	Signature string
}

// ParseWritten reads the description in a scenario's file. It returns false for a
// file that is not a draft.
func ParseWritten(file []byte) (w Written, ok bool) {
	for line := range strings.Lines(string(file)) {
		line = strings.TrimRight(line, "\r\n")
		if !strings.HasPrefix(line, "#") {
			break
		}
		if all, found := strings.CutPrefix(line, headSymptoms); found {
			for s := range strings.SplitSeq(all, "; ") {
				w.Symptoms = append(w.Symptoms, Symptom(s))
			}
		}
		if signature, found := strings.CutPrefix(line, headSignature); found {
			w.Signature = signature
		}
	}
	return w, len(w.Symptoms) > 0 && w.Signature != ""
}

// missing returns the symptoms of the log that another log does not show.
func (w *Written) missing(of *Log) []Symptom { return without(w.Symptoms, of.Symptoms()) }

// same reports whether a trial failed in the way for which the draft was made.
func (w *Written) same(s trial.Signature) bool { return signatureText(s) == w.Signature }

// Compare compares a run of the draft with the log, given its console and its
// signature. It returns the number of symptoms that the run shows, and a line for
// each that it does not, with the reason if the virtual kernel never shows it.
func (w *Written) Compare(console *Log, s trial.Signature) (shown int, missing []string) {
	absent := w.missing(console)
	for _, m := range absent {
		line := string(m)
		if why := m.Unmodelled(); why != "" {
			line += " (" + why + ")"
		}
		missing = append(missing, line)
	}
	if !w.same(s) {
		missing = append(missing, "the signature under baseline: "+w.Signature)
	}
	return len(w.Symptoms) - len(absent), missing
}

func signatureText(s trial.Signature) string {
	if why := s.Why(); why != "" {
		return string(s.Diagnosis) + ": " + why
	}
	return string(s.Diagnosis)
}

package named

import "strings"

// Nearest returns the name that was probably meant: the one with the fewest typing
// errors, at most one in every three characters but always allowing one, or else
// the only name that begins with the given one.
func Nearest(name string, names []string) (string, bool) {
	const most = 60 // longer input is not a typing error
	if name == "" || len(name) > most {
		return "", false
	}
	lower := strings.ToLower(name)
	best, least := "", max(1, len([]rune(name))/3)+1
	var begun []string
	for _, n := range names {
		if d := distance(lower, strings.ToLower(n)); d < least {
			best, least = n, d
		}
		if strings.HasPrefix(strings.ToLower(n), lower) {
			begun = append(begun, n)
		}
	}
	if best == "" && len(begun) == 1 {
		best = begun[0]
	}
	return best, best != ""
}

// distance is the number of typing errors between two texts: characters
// inserted, left out, replaced, or exchanged with their neighbour (the
// restricted Damerau-Levenshtein distance, also called optimal string
// alignment).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	var before []int // the row above the last one
	last := make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := range from {
		row := make([]int, len(to)+1)
		row[0] = i + 1
		for j := range to {
			replaced := last[j]
			if from[i] != to[j] {
				replaced++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(to)]
}

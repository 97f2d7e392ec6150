module github.com/gpstorm/gpstorm/bench

go 1.26.0

require github.com/gpstorm/gpstorm v0.0.0

require (
	github.com/puzpuzpuz/xsync/v4 v4.5.0
	golang.org/x/sys v0.50.0
)

replace github.com/gpstorm/gpstorm => ../

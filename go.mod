module github.com/gpstorm/gpstorm

go 1.26

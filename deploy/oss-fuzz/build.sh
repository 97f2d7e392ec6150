#!/bin/bash -eu
# Builds the fuzz targets for OSS-Fuzz and ClusterFuzzLite, in their image
# base-builder-go, which has compile_native_go_fuzzer_v2.
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -f targets ] || cd "$SRC/gpstorm/deploy/oss-fuzz" # the image keeps a copy of this file
targets=$PWD/targets
cd ../..

# What stands for package testing in a target that libFuzzer runs.
go get github.com/AdamKorcz/go-118-fuzz-build/testing@v0.0.0-20250520111509-a70c2aa677fa

while read -r package target; do
	name=$(sed 's/\([A-Z]\)/_\L\1/g; s/^_//' <<<"$target") # FuzzRead is fuzz_read
	compile_native_go_fuzzer_v2 "github.com/gpstorm/gpstorm/$package" "$target" "$name"
	printf '[libfuzzer]\nmax_len = 65536\n' >"$OUT/$name.options"
done <"$targets"

#!/bin/bash -eu
# Builds the fuzz targets for OSS-Fuzz and ClusterFuzzLite, in their image
# base-builder-go, which has compile_native_go_fuzzer_v2. That reads a package with its
# test files, which have what the targets share.
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -f targets ] || cd "$SRC/gpstorm/deploy/oss-fuzz" # the image keeps a copy of this file
targets=$PWD/targets
cd ../..

# The compiler lays a file over package testing. It cannot do so in the module cache,
# where a toolchain is that go has downloaded to satisfy go.mod.
goroot=$(go env GOROOT)
case $goroot in
"$(go env GOMODCACHE)"/*)
	cp -r "$goroot" "$WORK/go"
	chmod -R u+w "$WORK/go"
	export PATH="$WORK/go/bin:$PATH" GOROOT="$WORK/go"
	;;
esac
export GOTOOLCHAIN=local

while read -r package target; do
	name=$(sed 's/\([A-Z]\)/_\L\1/g; s/^_//' <<<"$target") # FuzzRead is fuzz_read
	compile_native_go_fuzzer_v2 "github.com/gpstorm/gpstorm/$package" "$target" "$name"
	printf '[libfuzzer]\nmax_len = 65536\n' >"$OUT/$name.options"
done <"$targets"

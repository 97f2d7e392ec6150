package kernels

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/world/boot/module"
)

// ErrNoModule: the store has no module for the version.
var ErrNoModule = errors.New("no module of candidates was built")

// FirstHeaders is the first version of which the archive has headers.
const FirstHeaders = "7.2"

// The packages of a version's headers.
const (
	headersPrefix = "linux-headers-"
	commonSuffix  = "+deb13-common"
)

func (s *Store) modulePath(v string) string {
	return filepath.Join(s.dir, "gpstorm-"+v+"-"+module.Hash()+".ko")
}

// Module returns the path of the module of candidates for a version, or ErrNoModule.
func (s *Store) Module(v string) (string, error) {
	path := s.modulePath(v)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("kernel: %s: %w", v, ErrNoModule)
	}
	return path, nil
}

// Buildable returns the versions that the archive serves with headers.
func (s *Store) Buildable(ctx context.Context) ([]string, error) {
	if err := s.apt.update(ctx); err != nil {
		return nil, err
	}
	return s.apt.named(ctx, headersPrefix, packageSuffix)
}

// BuildModule builds the module of candidates for a version, with headers from the
// archive, which are not kept. It needs gcc and ld. It does not use the kernel's
// build system, whose programs need a newer C library than many machines have.
func (s *Store) BuildModule(ctx context.Context, v string) (path string, err error) {
	if err := CheckVersion(v); err != nil {
		return "", err
	}
	for _, tool := range []string{"gcc", "ld"} {
		if _, err := exec.LookPath(s.apt.tool(tool)); err != nil {
			return "", fmt.Errorf("kernels: %s: not found: want gcc and binutils, as apt-get install gcc installs them", tool)
		}
	}
	buildable, err := s.Buildable(ctx)
	if err != nil {
		return "", err
	}
	if !slices.Contains(buildable, v) {
		return "", fmt.Errorf("kernel: %s: its headers are not served: want one of %s", v, strings.Join(buildable, ", "))
	}
	scratch, err := os.MkdirTemp(s.dir, ".build-")
	if err != nil {
		return "", fmt.Errorf("kernels: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	for _, name := range []string{headersPrefix + v + packageSuffix, headersPrefix + v + commonSuffix} {
		deb, err := s.apt.fetch(ctx, name, scratch)
		if err != nil {
			return "", err
		}
		if _, err := s.apt.run(ctx, scratch, "dpkg-deb", "-x", deb, filepath.Join(scratch, "root")); err != nil {
			return "", err
		}
		if err := os.Remove(deb); err != nil {
			return "", fmt.Errorf("kernels: %w", err)
		}
	}
	source := filepath.Join(scratch, "module")
	if err := os.CopyFS(source, module.Files()); err != nil {
		return "", fmt.Errorf("kernels: %w", err)
	}
	src := filepath.Join(scratch, "root", "usr", "src")
	built := filepath.Join(scratch, "gpstorm.ko")
	if err := s.apt.compile(ctx, source, filepath.Join(src, headersPrefix+v+commonSuffix), filepath.Join(src, headersPrefix+v+packageSuffix), built); err != nil {
		return "", err
	}
	path = s.modulePath(v)
	if err := os.Rename(built, path); err != nil {
		return "", fmt.Errorf("kernels: %w", err)
	}
	return path, s.forgetModules(v, path)
}

// forgetModules removes a version's modules that were built from other sources.
func (s *Store) forgetModules(v, keep string) error {
	others, err := filepath.Glob(filepath.Join(s.dir, "gpstorm-"+v+"-*.ko"))
	for _, path := range others {
		if path != keep {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

// compile compiles the module with a kernel's headers. The directory configured
// contains those that the kernel's configuration generated.
func (a *apt) compile(ctx context.Context, source, common, configured, to string) error {
	object := filepath.Join(source, "gpstorm.o")
	args := []string{"-c", "-o", object, filepath.Join(source, module.Whole), "-nostdinc"}
	for _, dir := range []string{"arch/x86/include", "arch/x86/include/generated", "include", "arch/x86/include/uapi", "arch/x86/include/generated/uapi", "include/uapi", "include/generated/uapi"} {
		from := common
		if strings.Contains(dir, "generated") {
			from = configured
		}
		args = append(args, "-I", filepath.Join(from, dir))
		if dir == "include" {
			args = append(args, "-I", filepath.Join(configured, dir))
		}
	}
	for _, file := range []string{"compiler-version.h", "kconfig.h", "compiler_types.h"} {
		args = append(args, "-include", filepath.Join(common, "include", "linux", file))
	}
	args = append(args, "-D__KERNEL__", "-DMODULE", "-DCC_USING_FENTRY", "-DINCLUDE_VERMAGIC", `-DKBUILD_BASENAME="gpstorm"`, `-DKBUILD_MODNAME="gpstorm"`, `-DKBUILD_MODFILE="gpstorm"`)
	args = append(args, kernelCode...)
	if _, err := a.run(ctx, source, "gcc", args...); err != nil {
		return err
	}
	_, err := a.run(ctx, source, "ld", "-r", "-m", "elf_x86_64", "-z", "noexecstack", "--build-id=sha1",
		"-T", filepath.Join(configured, "arch", "x86", "module.lds"), "-o", to, object)
	return err
}

// kernelCode are the compiler's options for code in an x86-64 kernel
// (arch/x86/Makefile and the Makefile of Linux): no red zone, no floating point, the
// kernel's code model. Returns stay plain: the kernel patches return thunks only at
// sites that objtool lists.
var kernelCode = []string{
	"-std=gnu11", "-O2", "-fshort-wchar", "-funsigned-char", "-fno-common", "-fno-PIE", "-fno-strict-aliasing", "-fms-extensions",
	"-mno-sse", "-mno-mmx", "-mno-sse2", "-mno-3dnow", "-mno-avx", "-mno-80387", "-m64", "-march=x86-64", "-mpreferred-stack-boundary=3",
	"-mskip-rax-setup", "-mno-red-zone", "-mcmodel=kernel", "-fcf-protection=branch", "-fno-jump-tables", "-fno-asynchronous-unwind-tables",
	"-fno-delete-null-pointer-checks", "-fno-stack-protector", "-fomit-frame-pointer", "-fno-strict-overflow", "-fconserve-stack",
	"-mindirect-branch=thunk-extern", "-mindirect-branch-register", "-mindirect-branch-cs-prefix", "-mfunction-return=keep",
	"-fno-diagnostics-show-caret", "-Wall", "-Wno-pointer-sign", "-Wno-attributes", "-Wno-address-of-packed-member",
}

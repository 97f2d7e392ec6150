package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/world/boot/kernels"
	fixmodule "github.com/gpstorm/gpstorm/world/boot/module"
)

// listedKernel is one line of kernels list.
type listedKernel struct {
	Version string `json:"version"`
	Served  bool   `json:"served"` // by the archive, now
	// Headers are served too, so that candidates can be built for it; Module: one
	// was.
	Headers bool `json:"headers"`
	Module  bool `json:"module"`
	*kernels.Image
}

func newKernelsCommand(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kernels",
		Short: "List and fetch stock kernels to boot",
		Long: `Keeps stock kernels of Debian for --world boot in the cache directory of the user:
the images of the packages linux-binary-VERSION-cloud-amd64 of trixie-backports.
Apt fetches them with a configuration of its own: nothing of the system changes.`,
		Example: `  gpstorm kernels list
  gpstorm kernels fetch 7.0.13`,
		Args: knownSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKernelsListCommand(c), newKernelsFetchCommand(c), newKernelsBuildCommand(c))
	return cmd
}

func newKernelsBuildCommand(c *common) *cobra.Command {
	var about strings.Builder
	for _, m := range fixmodule.Candidates {
		fmt.Fprintf(&about, "  %-14s %s\n", m.Name, m.About)
	}
	return &cobra.Command{
		Use:   "build-fix VERSION...",
		Short: "Build the module of candidates for stock kernels",
		Long: `Compiles a kernel module that puts a candidate into a stock kernel, without building
one: --kernel ipi=7.3.4,fix=membarrier. It needs gcc and binutils, and headers of the
version, which are fetched as kernels are and not kept. The archive has headers of
` + kernels.FirstHeaders + ` and later only. The module is GPL-2.0. Its candidates:

` + about.String() + `
The broken ones show that the check of readers works, which runs in every boot with
a candidate.`,
		Example: `  gpstorm kernels build-fix 7.3.4
  gpstorm evaluate --world boot --kernel base=7.3.4 \
      --kernel ipi=7.3.4,fix=membarrier`,
		Args: atLeastOne("a version such as 7.3.4"),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := storeFor(args)
			if err != nil {
				return err
			}
			for _, v := range args {
				path, err := store.BuildModule(cmd.Context(), v)
				if cmd.Context().Err() != nil {
					return interrupted("")
				}
				if err != nil {
					return err
				}
				if err := c.printBuilt(cmd, builtModule{v, path}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// builtModule is one line of kernels build-fix.
type builtModule struct {
	Version string `json:"version"`
	Path    string `json:"path"`
}

func (c *common) printBuilt(cmd *cobra.Command, m builtModule) error {
	if c.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(m)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), m.Path)
	return err
}

func newKernelsListCommand(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the kernels that are kept and those that are served",
		Long: `Lists the kernels in the cache, those that Debian's archive serves now, and how
much of the cache's bound is taken. Without apt or network it lists the cache alone.`,
		Example: `  gpstorm kernels list
  gpstorm kernels list --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := kernels.Open("")
			if err != nil {
				return err
			}
			kept, err := store.Kept()
			if err != nil {
				return err
			}
			served, err := store.Served(cmd.Context())
			var headers []string
			if err == nil {
				headers, err = store.Buildable(cmd.Context())
			}
			if cmd.Context().Err() != nil {
				return interrupted("")
			}
			if err != nil {
				c.note(cmd, "what is served is not known: %s", oneLine(err))
			}
			return c.listKernels(cmd, store, kept, served, headers)
		},
	}
}

func (c *common) listKernels(cmd *cobra.Command, store *kernels.Store, kept []kernels.Image, served, headers []string) error {
	var all []listedKernel
	for _, v := range served {
		all = append(all, listedKernel{Version: v, Served: true})
	}
	var size int64
	for i := range kept {
		size += kept[i].Size
		at := slices.IndexFunc(all, func(k listedKernel) bool { return k.Version == kept[i].Version })
		if at < 0 {
			at = len(all)
			all = append(all, listedKernel{Version: kept[i].Version})
		}
		all[at].Image = &kept[i]
	}
	for i := range all {
		_, err := store.Module(all[i].Version)
		all[i].Module, all[i].Headers = err == nil, slices.Contains(headers, all[i].Version)
	}
	slices.SortFunc(all, func(a, b listedKernel) int { return kernels.CompareVersions(a.Version, b.Version) })
	if c.json {
		enc := json.NewEncoder(cmd.OutOrStdout())
		for _, k := range all {
			if err := enc.Encode(k); err != nil {
				return err
			}
		}
		return nil
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, k := range all {
		state := "to fetch"
		if k.Image != nil {
			state = fmt.Sprintf("kept, %s, used %s", megabytes(k.Size), k.Used.Format(time.DateOnly))
			if !k.Served && len(served) > 0 {
				state += ", not served any more"
			}
		}
		switch {
		case k.Module:
			state += ", candidates built"
		case k.Headers:
			state += ", candidates can be built"
		}
		fmt.Fprintf(out, "%s\t%s\n", k.Version, state)
	}
	fmt.Fprintf(out, "\n%s of at most %s in %s\n", megabytes(size), megabytes(store.Limit()), store.Dir())
	return out.Flush()
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func newKernelsFetchCommand(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "fetch VERSION...",
		Short: "Fetch stock kernels into the cache",
		Long: `Fetches kernels that are not in the cache, checks each package by the hash in the
archive's signed index, and prints the paths of the images. A full cache loses the
kernels that were not used for the longest time. A version that the archive does not
serve any more is a failure: exit 1.`,
		Example: `  gpstorm kernels fetch 7.0.13
  gpstorm kernels fetch 6.19.14 7.0.13 --json`,
		Args: atLeastOne("a version such as 7.0.13"),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := storeFor(args)
			if err != nil {
				return err
			}
			var failed error
			for _, v := range args {
				img, err := store.Get(cmd.Context(), v)
				if cmd.Context().Err() != nil {
					return interrupted("")
				}
				if errors.Is(err, kernels.ErrNotServed) && len(args) > 1 {
					c.note(cmd, "%s", oneLine(err))
					failed = &exitError{code: exitFailure}
					continue
				}
				if err != nil {
					return err
				}
				if c.json {
					if err := json.NewEncoder(cmd.OutOrStdout()).Encode(img); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintln(cmd.OutOrStdout(), img.Path)
			}
			return failed
		},
	}
}

// storeFor checks the versions before it opens the cache for them.
func storeFor(versions []string) (*kernels.Store, error) {
	for _, v := range versions {
		if err := kernels.CheckVersion(v); err != nil {
			return nil, badInput(err)
		}
	}
	return kernels.Open("")
}

// Package check holds the manifests beside it to the types of the Kubernetes API. It
// is a module of its own, so that these types are nobody's dependency.
package check

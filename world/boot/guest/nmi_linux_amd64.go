package guest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// nmiStorm is a storm of NMIs from the interval timer (PIT): its pin of the I/O APIC
// is switched to the delivery mode NMI. A BPF program on the tracepoint
// nmi:nmi_handler, which the kernel passes once in every NMI
// (arch/x86/kernel/nmi.c, nmi_handle), is the handler's weight.
//
// If the handler takes a period or longer, handlers follow one another without a gap,
// since an NMI that arrives during the handler stays pending. Then no task runs at
// all, and only the program itself can end the storm, by the clock.
type nmiStorm struct {
	burn  *burn
	on    link.Link
	apic  []byte
	saved [2]uint32
	ticks int // PIT ticks in a period
}

const (
	ioAPIC = 0xfec00000 // its registers (Intel 82093AA)
	// pit is the pin of the PIT if the ACPI tables do not say otherwise: ISA interrupt
	// 0 is overridden to pin 2.
	pit = 2
	// The redirection entry of a pin: delivery mode NMI, edge, unmasked; or
	// masked.
	deliverNMI = 0x400
	masked     = 0x10000
	pitHertz   = 1193182
	pitMost    = 65535 // its counter has 16 bits
)

func newNMIStorm(period time.Duration) (_ storm, err error) {
	ticks := int(int64(period) * pitHertz / int64(time.Second))
	if ticks < 2 || ticks > pitMost {
		return nil, fmt.Errorf("nmi storm: period %v: want 2us to %v, what the interval timer can count", period, time.Duration(pitMost)*time.Second/pitHertz)
	}
	s := &nmiStorm{ticks: ticks}
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	mem, err := unix.Open("/dev/mem", unix.O_RDWR|unix.O_SYNC|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("nmi storm: %w: want a kernel with /dev/mem", err)
	}
	defer unix.Close(mem)
	if s.apic, err = unix.Mmap(mem, ioAPIC, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("nmi storm: map the I/O APIC: %w: want the boot option iomem=relaxed", err)
	}
	s.saved = [2]uint32{s.read(0x10 + 2*pit), s.read(0x11 + 2*pit)}
	if s.burn, err = newBurn(ebpf.RawTracepoint); err != nil {
		return nil, err
	}
	if s.on, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: "nmi_handler", Program: s.burn.program}); err != nil {
		return nil, fmt.Errorf("nmi storm: tracepoint nmi_handler: %w", err)
	}
	if err := ioPorts(); err != nil {
		return nil, err
	}
	return s, nil
}

// ioPorts permits this thread to access the ports of the PIT.
func ioPorts() error {
	if _, _, e := unix.RawSyscall(unix.SYS_IOPERM, 0x40, 4, 1); e != 0 {
		return fmt.Errorf("nmi storm: ioperm: %w", e)
	}
	return nil
}

// outb writes to a port.
func outb(port uint16, value uint8)

func (s *nmiStorm) begin(rounds uint64, until time.Duration) error {
	if err := s.burn.set(rounds, until); err != nil {
		return err
	}
	const channel0Mode2 = 0x34 // a rate generator; low byte, then high byte
	outb(0x43, channel0Mode2)
	outb(0x40, uint8(s.ticks))
	outb(0x40, uint8(s.ticks>>8))
	s.write(0x11+2*pit, 0) // to CPU 0
	s.write(0x10+2*pit, deliverNMI)
	return nil
}

func (s *nmiStorm) end() error {
	s.write(0x10+2*pit, masked)
	return nil
}

func (s *nmiStorm) ran() (uint64, error) { return s.burn.ran() }

func (s *nmiStorm) close() (err error) {
	if s.on != nil {
		_ = s.end()
		s.write(0x11+2*pit, s.saved[1])
		s.write(0x10+2*pit, s.saved[0])
		err = s.on.Close()
	}
	if s.burn != nil {
		s.burn.close()
	}
	if s.apic != nil {
		err = errors.Join(err, unix.Munmap(s.apic))
	}
	return err
}

// The registers of the I/O APIC are accessed through a window: an index, then the
// value.
func (s *nmiStorm) register(at int) *uint32 { return (*uint32)(unsafe.Pointer(&s.apic[at])) }

func (s *nmiStorm) write(index, value uint32) {
	atomic.StoreUint32(s.register(0), index)
	atomic.StoreUint32(s.register(0x10), value)
}

func (s *nmiStorm) read(index uint32) uint32 {
	atomic.StoreUint32(s.register(0), index)
	return atomic.LoadUint32(s.register(0x10))
}

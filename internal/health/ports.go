package health

import (
	"fmt"
	"os"
)

// LocalPorts is how many local ports there are for connections to one address of a server; 0 if the system does not say, as Linux
// alone does.
func LocalPorts() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	return portsIn(string(text))
}

// portsIn is how many ports a range like "32768 60999" has, or 0 if it is none.
func portsIn(text string) int {
	var low, high int
	if n, _ := fmt.Sscan(text, &low, &high); n < 2 || high < low {
		return 0
	}
	return high - low + 1
}

package twilio

import "slices"

// nothingArrived are the codes of requests that no server has read: the
// address could not be used, or nobody was connected to. Sorted by number.
var nothingArrived = []int{ //nolint:gochecknoglobals // constant
	11100, 11201, 11202, 11210, 11220, 11235, 11236, 11237, 11240, 11241, 11242, 11243,
}

// MayHaveActed says whether a server may have done what it was asked for
// although Twilio got no usable answer of it, going by the code of the failure.
// What comes without a code has failed nowhere: we were asked first.
func MayHaveActed(code int) bool {
	_, proven := slices.BinarySearch(nothingArrived, code)
	return code != 0 && !proven
}

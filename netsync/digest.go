package netsync

import "hash/crc32"

func digest(columns [][]byte) uint32 {
	var sum uint32
	for _, c := range columns {
		sum = crc32.Update(sum, crc32.IEEETable, c)
	}
	return sum
}

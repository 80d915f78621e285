// SPDX-License-Identifier: MIT
package main

import "fmt"

func main() {
	slices := map[int][]byte{}
	for i := 0; i < 20000; i++ {
		slices[i%3000] = make([]byte, i%4096+1)
	}
	fmt.Println(len(slices))
}

// SPDX-License-Identifier: MIT
fn main() {
    let mut vectors: Vec<Vec<u8>> = vec![];
    for i in 0..20000 {
        vectors.push(vec![1u8; i % 5000]);
        if i % 3 == 0 {
            vectors.swap_remove(i / 7);
        }
    }
    println!("{}", vectors.len());
}

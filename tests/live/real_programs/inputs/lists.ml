(* SPDX-License-Identifier: MIT *)
let () = print_int (List.length (List.init 300000 (fun i -> Array.make 4 i)))

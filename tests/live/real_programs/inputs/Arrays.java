// SPDX-License-Identifier: MIT
public class Arrays {
  public static void main(String[] arguments) {
    long bytes = 0;
    for (int i = 0; i < 3000000; i++) {
      byte[] array = new byte[i % 2000 + 1];
      bytes += array.length;
    }
    System.out.println(bytes);
  }
}

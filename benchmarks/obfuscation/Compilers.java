import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Arrays;

/**
 * One process for many compilations: the JIT stays warm. Each line of the input is the file for messages, the compiler's class
 * and its arguments, with tabs between; each line of the output is {@code ok} or {@code failed}.
 */
public class Compilers {
    public static void main(String[] none) throws Exception {
        PrintStream answers = System.out;
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split("\t");
            boolean done = false;
            try (PrintStream messages = new PrintStream(words[0])) {
                System.setOut(messages);
                System.setErr(messages);
                try {
                    Object arguments = Arrays.copyOfRange(words, 2, words.length);
                    Class.forName(words[1]).getMethod("main", String[].class).invoke(null, arguments);
                    done = true;
                } catch (Throwable error) {
                    error.printStackTrace(messages);
                }
            }
            answers.println(done ? "ok" : "failed");
            answers.flush();
        }
    }
}

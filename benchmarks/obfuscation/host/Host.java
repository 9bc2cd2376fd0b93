package org.example.host;

import android.app.Activity;
import android.os.Bundle;
import android.util.Log;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The test apps' own code: a little of everything that ordinary code does. */
public class Host extends Activity {
    private final Map<String, List<String>> shelves = new HashMap<>();

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        for (String word : new String[] {"device_id", "UTF-8", "application/json", "android_id", "garden shed"}) {
            put(word, getPackageName() + " of the host " + word);
        }
        Log.d("HostActivity", "shelves filled: " + shelves.size());
        new Thread(new Sorter(shelves)).start();
    }

    private void put(String shelf, String item) {
        List<String> items = shelves.get(shelf);
        if (items == null) {
            items = new ArrayList<>();
            shelves.put(shelf, items);
        }
        items.add(item);
    }

    static class Sorter implements Runnable {
        private final Map<String, List<String>> shelves;

        Sorter(Map<String, List<String>> shelves) {
            this.shelves = shelves;
        }

        @Override
        public void run() {
            for (Map.Entry<String, List<String>> shelf : shelves.entrySet()) {
                java.util.Collections.sort(shelf.getValue());
                Log.v("HostSorter", "sorted the shelf " + shelf.getKey());
            }
        }
    }
}

package org.example.hello;

import com.bytedance.sdk.openadsdk.TTAdSdk;

/**
 * What looks like other SDKs and is none: words in strings, and a class that is named but not packaged.
 *
 * <p>A fingerprint that searches for text reports Mapbox, Umeng and Bugly here; none of them is in this app.
 */
final class LookAlikes {
    private static final String TILES = "https://api.mapbox.com/v4/mapbox.streets/%d/%d/%d.png?access_token=none";

    /** A list as ad blockers and privacy tools carry it. */
    private static final String[] TRACKERS = {
        "com.umeng.analytics", "com.umeng.commonsdk.UMConfigure", "com.tencent.bugly", "com.mapbox.mapboxsdk", "cn.jpush.android",
    };

    private LookAlikes() {}

    static String tile(int zoom, int x, int y) {
        return String.format(TILES, zoom, x, y);
    }

    static String describe(String name) {
        for (String tracker : TRACKERS) {
            if (name.startsWith(tracker)) {
                return " (a tracker)";
            }
        }
        return "";
    }

    /** The class is named here, as in apps whose advertising is optional, but it is not in the package. */
    static boolean adsAreThere() {
        try {
            return TTAdSdk.isInitSuccess();
        } catch (LinkageError missing) {
            return false;
        }
    }
}

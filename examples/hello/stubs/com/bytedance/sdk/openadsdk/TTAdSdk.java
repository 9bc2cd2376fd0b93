package com.bytedance.sdk.openadsdk;

/** Our own declaration, only to compile against; it is not packaged. */
public final class TTAdSdk {
    private TTAdSdk() {}

    public static boolean isInitSuccess() {
        return false;
    }
}

package androidx.fragment.app;

/** Our own declaration, only so that Glide's signatures compile; it is not packaged. */
public class FragmentActivity extends android.app.Activity {}

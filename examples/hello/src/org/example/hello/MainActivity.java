package org.example.hello;

import android.app.Activity;
import android.os.Bundle;
import android.widget.ImageView;
import android.widget.LinearLayout;
import android.widget.TextView;
import com.adjust.sdk.Adjust;
import com.adjust.sdk.AdjustConfig;
import com.bumptech.glide.Glide;
import com.google.gson.JsonObject;
import com.sensorsdata.analytics.android.sdk.SAConfigOptions;
import com.sensorsdata.analytics.android.sdk.SensorsDataAPI;
import okhttp3.OkHttpClient;
import org.greenrobot.eventbus.EventBus;
import org.greenrobot.eventbus.Subscribe;
import retrofit2.Call;
import retrofit2.Callback;
import retrofit2.Response;
import retrofit2.Retrofit;
import retrofit2.converter.gson.GsonConverterFactory;
import retrofit2.http.GET;
import timber.log.Timber;

/** Starts each library once, as an app would. */
public final class MainActivity extends Activity {
    private TextView text;

    interface Weather {
        @GET("weather.json")
        Call<JsonObject> today();
    }

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        Timber.plant(new Timber.DebugTree());
        SensorsDataAPI.startWithConfigOptions(this, new SAConfigOptions("https://collector.example.org/sa"));
        Adjust.initSdk(new AdjustConfig(this, "abcdefghijkl", AdjustConfig.ENVIRONMENT_SANDBOX));

        LinearLayout layout = new LinearLayout(this);
        text = new TextView(this);
        ImageView picture = new ImageView(this);
        layout.addView(text);
        layout.addView(picture);
        setContentView(layout);

        EventBus.getDefault().register(this);
        Glide.with(this).load(LookAlikes.tile(3, 4, 2)).into(picture);
        load();
    }

    private void load() {
        Retrofit retrofit = new Retrofit.Builder()
                .baseUrl("https://weather.example.org/")
                .client(new OkHttpClient())
                .addConverterFactory(GsonConverterFactory.create())
                .build();
        retrofit.create(Weather.class).today().enqueue(new Callback<JsonObject>() {
            @Override
            public void onResponse(Call<JsonObject> call, Response<JsonObject> response) {
                EventBus.getDefault().post(String.valueOf(response.body()));
            }

            @Override
            public void onFailure(Call<JsonObject> call, Throwable error) {
                Timber.w(error, "no weather today");
            }
        });
    }

    @Subscribe
    public void show(String answer) {
        text.setText(answer + LookAlikes.describe(answer) + LookAlikes.adsAreThere());
    }
}

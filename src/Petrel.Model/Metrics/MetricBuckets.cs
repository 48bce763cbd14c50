namespace Petrel.Model.Metrics;

/// <summary>The bounds of histograms' buckets, which are upstream's.</summary>
public static class MetricBuckets
{
    /// <summary>Of requests to the API and to the store, in seconds.</summary>
    public static double[] Requests { get; } =
    [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    /// <summary>Of the requests' service level indicator, in seconds.</summary>
    public static double[] Indicators { get; } = [.. Requests.Skip(2)];

    /// <summary>As many bounds as <paramref name="count"/>, each <paramref name="factor"/> times the one before.</summary>
    public static double[] Exponential(double start, double factor, int count)
    {
        var bounds = new double[count];
        for (var i = 0; i < count; i++)
        {
            bounds[i] = i == 0 ? start : bounds[i - 1] * factor;
        }
        return bounds;
    }
}

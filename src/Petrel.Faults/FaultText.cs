using System.Globalization;

namespace Petrel.Faults;

/// <summary>Formats numbers in the descriptions of faults.</summary>
public static class FaultText
{
    public static string Percent(double probability) => string.Create(CultureInfo.InvariantCulture, $"{probability * 100:0} %");

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s");
}

using System.Globalization;
using System.Text.Json;

namespace Petrel.Simulation.Invariants.Facts;

/// <summary>Numbers of pods that may be given as percentages (upstream: IntOrString).</summary>
internal static class IntOrPercentValue
{
    public static bool IsPercentage(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString()!.EndsWith('%');

    /// <summary>The number, or so many per cent of the total.</summary>
    public static int Resolve(JsonElement value, int total, bool roundUp)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            return value.GetInt32();
        }
        var text = value.GetString()!;
        if (!text.EndsWith('%'))
        {
            return int.Parse(text, CultureInfo.InvariantCulture);
        }
        var hundredths = long.Parse(text[..^1], CultureInfo.InvariantCulture) * total;
        return (int)((hundredths + (roundUp ? 99 : 0)) / 100);
    }
}

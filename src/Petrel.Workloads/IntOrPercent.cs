using System.Globalization;

namespace Petrel.Workloads;

/// <summary>Numbers of pods that users give as a number or a percentage (upstream: <c>GetScaledValueFromIntOrPercent</c>).</summary>
public static class IntOrPercent
{
    /// <summary>
    /// The number, or the percentage of <paramref name="total"/>, rounded up or down. Text that is neither, which validation refuses, is 0.
    /// A result beyond the range of an int is the largest int.
    /// </summary>
    public static int Resolve(string value, int total, bool roundUp)
    {
        var number = value.EndsWith('%')
            ? ((long)Parse(value.AsSpan(0, value.Length - 1)) * total + (roundUp ? 99 : 0)) / 100
            : Parse(value);
        return (int)Math.Min(int.MaxValue, number);
    }

    private static int Parse(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

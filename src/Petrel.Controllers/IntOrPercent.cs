using System.Globalization;

namespace Petrel.Controllers;

/// <summary>Numbers of pods that are given as a number or as a percentage (upstream: intstr).</summary>
internal static class IntOrPercent
{
    /// <summary>
    /// The number, or the percentage of <paramref name="total"/>, rounded up or down. What is neither, which validation keeps out, is 0.
    /// </summary>
    public static int Resolve(string amount, int total, bool up)
    {
        var number = amount.EndsWith('%')
            ? ((long)Parse(amount.AsSpan(0, amount.Length - 1)) * total + (up ? 99 : 0)) / 100
            : Parse(amount);
        return (int)Math.Min(int.MaxValue, number);
    }

    private static int Parse(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Petrel.Model;

/// <summary>
/// Checks in production code for conditions that only a bug can violate. A component whose state cannot be trusted must stop and restart
/// from durable state. Conditions must be cheap, because the checks always run. The message is formatted only when the check fails.
/// </summary>
public static class Invariant
{
    /// <exception cref="InvariantException">The condition is false.</exception>
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] InvariantMessage message
    )
    {
        if (!condition)
        {
            throw new InvariantException(message.ToString());
        }
    }

    /// <exception cref="InvariantException">The condition is false.</exception>
    public static void Check([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
        {
            throw new InvariantException(message);
        }
    }
}

/// <summary>An invariant is violated. This is always a bug in Petrel, never invalid input.</summary>
public sealed class InvariantException(string message) : Exception($"Invariant violated: {message}");

/// <summary>The message of a check, which is built only when the check fails.</summary>
[InterpolatedStringHandler]
public readonly struct InvariantMessage
{
    private readonly StringBuilder? _text;

    public InvariantMessage(int literalLength, int formattedCount, bool condition, out bool isWanted)
    {
        _ = formattedCount;
        isWanted = !condition;
        _text = condition ? null : new(literalLength * 2);
    }

    public void AppendLiteral(string value) => _text!.Append(value);

    public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

    /// <inheritdoc/>
    public override string ToString() => _text?.ToString() ?? "";
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Petrel.Model;

/// <summary>
/// Checks in production code of what only a bug can break. A component whose state can't be trusted must stop, and be started again from
/// what is durable. Conditions must be cheap: the checks always run. The message costs nothing while its condition holds.
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

/// <summary>What must hold in every correct program does not hold: a bug in Petrel, never an input.</summary>
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

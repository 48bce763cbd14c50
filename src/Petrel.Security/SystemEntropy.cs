using System.Security.Cryptography;
using Petrel.Model.Determinism;

namespace Petrel.Security;

/// <summary>The operating system's cryptographic random number generator, for the components of a live cluster.</summary>
public sealed class SystemEntropy : IEntropy
{
    /// <inheritdoc/>
    public ulong NextUInt64()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}

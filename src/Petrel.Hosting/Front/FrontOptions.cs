using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Hosting.Front;

/// <summary>How the server is reached over HTTPS.</summary>
/// <param name="Addresses">Where it listens; port 0 takes a free one.</param>
/// <param name="Certificate">The server's certificate with its key.</param>
/// <param name="ClientAuthority">Client certificates of this authority name the caller: CN the user, O the groups.</param>
public sealed record FrontOptions(IReadOnlyList<IPEndPoint> Addresses, X509Certificate2 Certificate, X509Certificate2 ClientAuthority)
{
    /// <summary>The largest request body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 3 * 1024 * 1024;

    /// <summary>Answers larger than this are compressed for clients that accept it.</summary>
    public int CompressAbove { get; init; } = 128 * 1024;

    /// <summary>
    /// How long everything is still served after the server was asked to stop, for load balancers to see at <c>/readyz</c> that it does
    /// (upstream: --shutdown-delay-duration).
    /// </summary>
    public TimeSpan ShutdownDelay { get; init; }

    /// <summary>How long requests may still take when the server stops listening.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);
}

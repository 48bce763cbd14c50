using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Hosting.Front;

/// <summary>The options of the server's HTTPS endpoint.</summary>
/// <param name="Addresses">The addresses to listen on. Port 0 selects a free port.</param>
/// <param name="Certificate">The server's certificate with its key.</param>
/// <param name="ClientAuthority">The authority of client certificates, which identify the user: CN the name, O the groups.</param>
public sealed record FrontOptions(IReadOnlyList<IPEndPoint> Addresses, X509Certificate2 Certificate, X509Certificate2 ClientAuthority)
{
    /// <summary>The largest request body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 3 * 1024 * 1024;

    /// <summary>Responses larger than this, in bytes, are compressed for clients that accept compression.</summary>
    public int CompressAbove { get; init; } = 128 * 1024;

    /// <summary>
    /// How long the server keeps serving after a stop signal, so that load balancers can observe the shutdown at <c>/readyz</c>
    /// (upstream: --shutdown-delay-duration).
    /// </summary>
    public TimeSpan ShutdownDelay { get; init; }

    /// <summary>How long requests in flight may take after the server has stopped listening.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);
}

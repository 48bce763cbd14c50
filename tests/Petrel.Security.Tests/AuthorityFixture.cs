using System.Net;

namespace Petrel.Security.Tests;

/// <summary>A directory of its own for an authority, and a clock that the test sets.</summary>
public sealed class AuthorityFixture : IDisposable
{
    public AuthorityFixture() => Root = System.IO.Directory.CreateTempSubdirectory("petrel-security-").FullName;

    public string Root { get; }

    public string Directory => Path.Combine(Root, "pki");

    public SettableTime Time { get; } = new();

    public static CertificateProfile Server { get; } = CertificateProfile.ApiServer([IPAddress.Loopback, IPAddress.IPv6Loopback]);

    public ClusterAuthority Open() => ClusterAuthority.Open(Directory, Time);

    public void Dispose() => System.IO.Directory.Delete(Root, recursive: true);

    public sealed class SettableTime : TimeProvider
    {
        // Certificates are checked against the machine's clock by TLS, so tests start from it.
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

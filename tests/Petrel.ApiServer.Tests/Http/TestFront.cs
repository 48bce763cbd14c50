using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.Client.Http;
using Petrel.Hosting.Front;
using Petrel.Model.Api;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>An API server behind real TLS on a free port of loopback.</summary>
internal sealed class TestFront : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-front-").FullName;
    private readonly ClusterAuthority _authority;
    private readonly X509Certificate2 _authorityCertificate;

    private TestFront(TestApi api, TimeSpan shutdownDelay, Func<FrontOptions, FrontOptions>? change)
    {
        Api = api;
        _authority = ClusterAuthority.Open(_directory, TimeProvider.System);
        _authorityCertificate = X509Certificate2.CreateFromPem(_authority.CertificatePem);
        var certificate = _authority.Issue(CertificateProfile.ApiServer([IPAddress.Loopback])).ToX509();
        var options = new FrontOptions([new IPEndPoint(IPAddress.Loopback, 0)], certificate, _authorityCertificate)
        {
            ShutdownDelay = shutdownDelay,
        };
        Front = new KestrelFront(change is null ? options : change(options), api.Server, Time, NullLoggerFactory.Instance);
    }

    public TestApi Api { get; }
    public KestrelFront Front { get; }

    /// <summary>The front's time. It begins now, for certificates are good from now on.</summary>
    public ManualTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    public static async Task<TestFront> StartAsync(
        ApiServerOptions? options = null,
        ITokenKeys? tokenKeys = null,
        IWebhookCaller? webhooks = null,
        TimeSpan shutdownDelay = default,
        Func<FrontOptions, FrontOptions>? front = null
    )
    {
        var test = new TestFront(await TestApi.StartAsync(options, tokenKeys: tokenKeys, webhooks: webhooks), shutdownDelay, front);
        await test.Front.StartAsync(CancellationToken.None);
        return test;
    }

    public HttpApiHandler Handler(CertificateProfile profile) =>
        new(Front.Addresses[0], _authority.Issue(profile).ToX509(), _authorityCertificate);

    /// <summary>A plain HTTP client; <paramref name="client"/> null sends no certificate.</summary>
    public HttpClient Http(Version version, X509Certificate2? client)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_authorityCertificate);
        return new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                SslOptions = new SslClientAuthenticationOptions
                {
                    CertificateChainPolicy = policy,
                    ClientCertificates = client is null ? [] : [client],
                },
            }
        )
        {
            BaseAddress = Front.Addresses[0],
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TestApi.Patience,
        };
    }

    /// <summary>Lets all nodes' users do everything to ConfigMaps.</summary>
    public async Task AllowNodesAsync()
    {
        await Api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            """{"metadata":{"name":"maps"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["*"]}]}"""
        );
        await Api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """
            {"metadata":{"name":"maps"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"maps"},
            "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:nodes"}]}
            """
        );
    }

    /// <summary>A bare TCP connection.</summary>
    public async Task<System.Net.Sockets.TcpClient> DialAsync()
    {
        var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Front.Addresses[0].Port);
        return socket;
    }

    /// <summary>A bare TLS connection that speaks <paramref name="protocol"/>.</summary>
    public async Task<SslStream> ConnectAsync(SslApplicationProtocol protocol, X509Certificate2? client)
    {
        var socket = await DialAsync();
        var stream = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [protocol],
                ClientCertificates = client is null ? [] : [client],
            }
        );
        return stream;
    }

    /// <summary>Writes the administrator's kubeconfig and returns its path.</summary>
    public string WriteKubeconfig()
    {
        var path = Path.Combine(_directory, "kubeconfig");
        Kubeconfig.Write(path, Front.Addresses[0].ToString(), _authority.CertificatePem, _authority.Issue(CertificateProfile.Admin));
        return path;
    }

    public X509Certificate2 Certificate(CertificateProfile profile) => _authority.Issue(profile).ToX509();

    public async ValueTask DisposeAsync()
    {
        var stopped = Front.StopAsync();
        // The delay is over for everything that waits for it.
        Time.Advance(TimeSpan.FromHours(1));
        await stopped;
        await Front.DisposeAsync();
        await Api.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}

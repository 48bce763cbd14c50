using System.Net;
using System.Text;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Agent.Volumes;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Security.Tokens;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.Agent.Tests.Pods;

/// <summary>The tokens in pods' volumes, with the real API server that issues and checks them, in virtual time.</summary>
public sealed class PodTokensTests : IAsyncDisposable
{
    private static readonly TokenKeySet Keys = new(TokenKeySet.NewKey());

    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly ApiServer.Composition.ApiServer _server;
    private readonly ApiClient _user;
    private readonly RememberedFiles _files = new();
    private readonly Gate _gate;

    public PodTokensTests()
    {
        _process = _simulator.CreateProcess("server");
        var options = new ApiServerOptions
        {
            KeepDefaultRoles = true,
            RequireServiceAccounts = true,
            MountServiceAccountTokens = true,
        };
        _server = new(
            options,
            _store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance,
            tokenKeys: Keys
        );
        _gate = new(_server);
        _user = new(_server, new UserInfo("admin", [UserInfo.MastersGroup]));
        _simulator.Spawn(_process, "api", _server.RunAsync);
        Assert.True(_simulator.RunUntil(() => _server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        Create(
            new V1ServiceAccount
            {
                Metadata = new() { Name = "default", NamespaceProperty = "default" },
            }
        );
        var agent = new NodeAgent(
            new()
            {
                NodeName = "node1",
                NodeAddress = "10.200.255.1",
                PodCidr = "10.200.1.0/24",
            },
            new(_gate, UserInfo.Node("node1")),
            new SimulatedRuntime(
                _process.Time,
                _simulator.Entropy.Fork(),
                new() { Addresses = IPNetwork.Parse("10.200.1.0/24"), Behaviour = _ => new() }
            ),
            _files,
            new SimulatedPersistentVolumes(),
            new SimulatedProber(),
            _process.Time,
            _simulator.Entropy.Fork(),
            NullLoggerFactory.Instance
        );
        _simulator.Spawn(_simulator.CreateProcess("agent"), "agent", agent.RunAsync);
        Run(2);
    }

    [Fact]
    public void Every_pod_has_a_token_of_its_own_account_with_the_root_certificate()
    {
        Publish();
        Create(Pod("web"));
        Run(5);

        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
        Assert.Equal("PEM", File("ca.crt"));
        Assert.Equal("default", File("namespace"));
        Assert.Equal("system:serviceaccount:default:default", Who(File("token")));
    }

    [Fact]
    public void A_pod_waits_for_the_root_certificate_of_its_namespace_and_says_so()
    {
        Create(Pod("web"));
        Run(1);
        Assert.Equal("Pending", Get<V1Pod>("web").Status.Phase);
        Assert.Contains(Events("web"), e =>
            e.Reason == "FailedMount"
            && e.Message.StartsWith("MountVolume.SetUp failed for volume \"kube-api-access-", StringComparison.Ordinal)
            && e.Message.EndsWith("configmap \"kube-root-ca.crt\" not found", StringComparison.Ordinal)
        );

        Publish();
        Run(5);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
    }

    [Fact]
    public void Tokens_are_replaced_when_four_fifths_of_their_time_are_over()
    {
        Publish();
        Create(Pod("web"));
        Run(5);
        var first = File("token");
        Run(2700);
        Assert.Equal(first, File("token"));
        Run(300);
        var second = File("token");
        Assert.NotEqual(first, second);
        Assert.Equal("system:serviceaccount:default:default", Who(second));
    }

    [Fact]
    public void While_the_API_gives_no_new_token_the_old_one_stays_and_the_new_one_comes_later()
    {
        Publish();
        Create(Pod("web"));
        Run(5);
        var first = File("token");
        _gate.RefusesTokens = true;
        Run(3000);
        Assert.Equal(first, File("token"));
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
        _gate.RefusesTokens = false;
        Run(90);
        Assert.NotEqual(first, File("token"));
    }

    [Fact]
    public void A_token_for_others_is_not_good_for_the_API()
    {
        Publish();
        Create(Pod("web", p => p.Spec.Volumes = [
                    new()
                    {
                        Name = "vault",
                        Projected = new()
                        {
                            Sources =
                            [
                                new()
                                {
                                    ServiceAccountToken = new()
                                    {
                                        Audience = "vault",
                                        Path = "vault-token",
                                        ExpirationSeconds = 600,
                                    },
                                },
                            ],
                        },
                    },
                ]));
        Run(5);
        Assert.Equal("", Who(File("vault-token")));
        Assert.NotEqual("", Who(File("token")));
    }

    [Fact]
    public void A_token_ends_with_its_pod()
    {
        Publish();
        Create(Pod("web"));
        Run(5);
        var token = File("token");
        Do(async stop => await _user.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new(), stop));
        Run(10);
        Assert.Equal("", Who(token));
    }

    public ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        return _store.DisposeAsync();
    }

    private static V1Pod Pod(string name, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new()
            {
                NodeName = "node1",
                TerminationGracePeriodSeconds = 1,
                Containers = [new() { Name = "main", Image = "web:1" }],
            },
        };
        change?.Invoke(pod);
        return pod;
    }

    private void Publish() =>
        Create(
            new V1ConfigMap
            {
                Metadata = new() { Name = "kube-root-ca.crt", NamespaceProperty = "default" },
                Data = new Dictionary<string, string> { ["ca.crt"] = "PEM" },
            }
        );

    private string File(string path) => Encoding.UTF8.GetString(_files.Contents[path]);

    // Whom the API takes the bearer for; "" when it does not believe it.
    private string Who(string token)
    {
        V1TokenReview review = null!;
        Do(async stop =>
        {
            var body = Encoding.UTF8.GetBytes(
                $$"""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"{{token}}"} }"""
            );
            var answer = await _user.SendAsync("POST", "/apis/authentication.k8s.io/v1/tokenreviews", [], body, "application/json", stop);
            review = k8s.KubernetesJson.Deserialize<V1TokenReview>(answer.BodyText);
        });
        return review.Status.Authenticated == true ? review.Status.User.Username : "";
    }

    private List<Corev1Event> Events(string pod)
    {
        List<Corev1Event> events = [];
        Do(async stop =>
            events = [.. (await _user.ListAsync<Corev1Event>("default", stop)).Items.Where(e => e.InvolvedObject.Name == pod)]
        );
        return events;
    }

    private void Create<T>(T value)
        where T : k8s.IKubernetesObject<V1ObjectMeta> => Do(async stop => await _user.CreateAsync(value, stop));

    private T Get<T>(string name)
        where T : k8s.IKubernetesObject<V1ObjectMeta>
    {
        T result = default!;
        Do(async stop => result = await _user.GetAsync<T>(new ObjectKey("default", name), stop));
        return result;
    }

    private void Do(Func<CancellationToken, Task> work)
    {
        var component = _simulator.Spawn(_process, "user", work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    private void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    /// <summary>Lets everything through, but for requests of tokens when it is told to refuse them.</summary>
    private sealed class Gate(IApiHandler inner) : IApiHandler
    {
        public bool RefusesTokens { get; set; }

        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken) =>
            RefusesTokens && request.Path.EndsWith("/token", StringComparison.Ordinal)
                ? throw new IOException("no answer")
                : inner.HandleAsync(request, cancellationToken);
    }

    /// <summary>The files of all volumes by their path, as they are now.</summary>
    private sealed class RememberedFiles : IPodFiles
    {
        private readonly SimulatedPodFiles _paths = new();

        public SortedDictionary<string, byte[]> Contents { get; } = new(StringComparer.Ordinal);

        public ValueTask<string> EnsureDirectoryAsync(
            string podUid,
            string volume,
            EmptyDirectory directory,
            CancellationToken cancellationToken
        ) => _paths.EnsureDirectoryAsync(podUid, volume, directory, cancellationToken);

        public ValueTask<string> WriteFilesAsync(
            string podUid,
            string volume,
            IReadOnlyList<VolumeFile> files,
            long? group,
            CancellationToken cancellationToken
        )
        {
            foreach (var file in files)
            {
                Contents[file.Path] = file.Content.ToArray();
            }
            return _paths.WriteFilesAsync(podUid, volume, files, group, cancellationToken);
        }

        public ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken) => default;

        public ValueTask<string> PinSubPathAsync(string podUid, VolumeSubPath subPath, CancellationToken cancellationToken) =>
            _paths.PinSubPathAsync(podUid, subPath, cancellationToken);

        public ValueTask<long?> MeasureAsync(string podUid, string volume, CancellationToken cancellationToken) => new(0);

        public ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken) => default;

        public string LogPath(string podNamespace, string podName, string podUid, string container, int attempt) =>
            _paths.LogPath(podNamespace, podName, podUid, container, attempt);

        public ValueTask<string> EnsureTerminationFileAsync(
            string podUid,
            string container,
            int attempt,
            CancellationToken cancellationToken
        ) => _paths.EnsureTerminationFileAsync(podUid, container, attempt, cancellationToken);

        public ValueTask<byte[]> ReadTerminationFileAsync(
            string podUid,
            string container,
            int attempt,
            int limit,
            CancellationToken cancellationToken
        ) => new([]);

        public ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken) => default;
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no agents here");
    }
}

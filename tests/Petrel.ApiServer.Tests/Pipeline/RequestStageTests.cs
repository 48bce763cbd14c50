using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.NodeConnections;
using Petrel.ApiServer.Pipeline;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Store.Memory;

namespace Petrel.ApiServer.Tests.Pipeline;

/// <summary>A stage is one file and one row: this one records what an audit log would.</summary>
public sealed class RequestStageTests
{
    [Fact]
    public async Task A_stage_before_authorization_sees_user_request_and_response_code()
    {
        await using var world = await World.StartAsync();

        await world.SendAsync("GET", "/api/v1/namespaces/default", UserInfo.ControlPlane("test"));
        await world.SendAsync("GET", "/api/v1/namespaces/missing", UserInfo.ControlPlane("test"));
        await world.SendAsync("GET", "/api/v1/namespaces/default/secrets", new UserInfo("jane", [UserInfo.AuthenticatedGroup]));
        await world.SendAsync("GET", "/api/v1/pods?watch=true", UserInfo.ControlPlane("test"));

        Assert.Equal(
            [
                "system:kube-test get namespaces/default 200",
                "system:kube-test get namespaces/missing 404",
                "jane list secrets/ 403",
                "system:kube-test watch pods/ 200",
            ],
            world.Recorder.Records.Select(r => r.Replace(UserInfo.ControlPlane("test").Name, "system:kube-test", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task A_stage_does_not_see_what_an_earlier_stage_answers()
    {
        await using var world = await World.StartAsync();

        await world.SendAsync("GET", "/livez", UserInfo.Anonymous);
        await world.SendAsync("GET", "/api/v1/namespaces/default", UserInfo.Anonymous);

        Assert.Empty(world.Recorder.Records);
    }

    [Fact]
    public async Task A_stage_that_refuses_a_request_answers_with_its_status()
    {
        await using var world = await World.StartAsync();
        world.Recorder.Refuses = true;

        var response = await world.SendAsync("GET", "/api/v1/namespaces/default", UserInfo.ControlPlane("test"));

        Assert.Equal(503, response.StatusCode);
        Assert.Contains("\"reason\":\"ServiceUnavailable\"", response.BodyText, StringComparison.Ordinal);
        Assert.EndsWith(" 503", Assert.Single(world.Recorder.Records), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stage_that_fails_answers_500_and_later_requests_are_served()
    {
        await using var world = await World.StartAsync();
        world.Recorder.Fails = true;

        Assert.Equal(500, (await world.SendAsync("GET", "/api/v1/namespaces/default", UserInfo.ControlPlane("test"))).StatusCode);
        world.Recorder.Fails = false;
        Assert.Equal(200, (await world.SendAsync("GET", "/api/v1/namespaces/default", UserInfo.ControlPlane("test"))).StatusCode);
    }

    private sealed class Recorder : IRequestStage
    {
        public List<string> Records { get; } = [];
        public bool Refuses { get; set; }
        public bool Fails { get; set; }

        public ValueTask<ApiResponse?> EnterAsync(RequestContext context) =>
            Refuses ? throw Errors.StatusErrors.ServiceUnavailable("the audit log is full")
            : Fails ? throw new InvalidOperationException("a bug")
            : default;

        public void Leave(RequestContext context, ApiResponse? response)
        {
            var info = context.Info;
            Records.Add($"{context.Request.User.Name} {info.Verb} {info.Resource}/{info.Name} {response?.StatusCode}");
        }
    }

    private sealed class World : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly MemoryStore _store = new();
        private readonly Composition.ApiServer _server;
        private readonly Task _running;

        private World()
        {
            var parameters = new ServerParameters(
                new ApiServerOptions(),
                _store,
                BuiltInKinds.Registry.Fork(),
                TimeProvider.System,
                new SeededEntropy(1),
                new NoNodes(),
                NullLogger.Instance
            );
            _server = new(parameters, stages =>
            {
                stages.Insert(stages.FindIndex(s => s is AuthorizeStage), Recorder);
                return stages;
            });
            _running = _server.RunAsync(_stop.Token);
        }

        public Recorder Recorder { get; } = new();

        public static async Task<World> StartAsync()
        {
            var world = new World();
            await world._server.Ready.WaitAsync(TestApi.Patience);
            return world;
        }

        public ValueTask<ApiResponse> SendAsync(string method, string target, UserInfo user)
        {
            var question = target.IndexOf('?', StringComparison.Ordinal);
            return _server.HandleAsync(
                new ApiRequest
                {
                    Method = method,
                    Path = question < 0 ? target : target[..question],
                    Query = question < 0 ? [] : [new("watch", "true")],
                    Accept = "application/json",
                    User = user,
                },
                CancellationToken.None
            );
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.WaitAsync(TestApi.Patience);
            await _store.DisposeAsync();
            _stop.Dispose();
        }
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("connection refused");
    }
}

using Petrel.Cli.Output;
using Petrel.Cli.Preflight;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.Model.Api;

namespace Petrel.Cli.Examples;

/// <summary>
/// Runs an example. Its images are built while the cluster starts. Then its manifests are applied, and its page is served on a port of
/// 127.0.0.1, which <c>petrel up</c> forwards to the ready pods of its Service.
/// </summary>
internal sealed class ExampleRun : IDisposable
{
    private static readonly TimeSpan PageLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PagePoll = TimeSpan.FromMilliseconds(200);

    private readonly ExampleFiles _files;
    private readonly ClusterDirectory _directory;
    private readonly ServiceForward _forward;
    private readonly CancellationTokenSource _stop;
    private readonly Task _images;

    private ExampleRun(ExampleFiles files, ClusterDirectory directory, ServiceForward forward, CancellationToken cancellationToken)
    {
        _files = files;
        _directory = directory;
        _forward = forward;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _images = ExampleImages.LoadAsync(files, directory, _stop.Token);
    }

    /// <summary>Chooses the page's port, writes it to the cluster's settings, and starts to build the images.</summary>
    /// <exception cref="UserErrorException">The example can't run on this cluster.</exception>
    public static ExampleRun Prepare(
        ClusterDirectory directory,
        ClusterSettings settings,
        Example example,
        CancellationToken cancellationToken
    )
    {
        if (!settings.UsesNamespaces)
        {
            throw new UserErrorException(
                $"The example {example.Name} needs pods with addresses of their own: run 'petrel up' as root, with the oci runtime."
            );
        }
        var files = ExampleFiles.Find(example);
        var forward = settings.Forwards.FirstOrDefault(f => f.Namespace == "default" && f.Service == example.Service);
        if (forward is null)
        {
            forward = new()
            {
                Namespace = "default",
                Service = example.Service,
                Port = example.ServicePort,
                HostPort = HostPorts.FindNeighbours(example.HostPort, 1),
            };
            (settings with { Forwards = [.. settings.Forwards, forward] }).Save(directory);
        }
        return new(files, directory, forward, cancellationToken);
    }

    /// <summary>Runs an example on a running cluster. The cluster's supervisor reads the new forward from the settings.</summary>
    public static async Task<int> OnRunningClusterAsync(ClusterDirectory directory, Example example, CancellationToken cancellationToken)
    {
        var settings = ClusterSettings.Require(directory);
        using var run = Prepare(directory, settings, example, cancellationToken);
        using var api = ClusterConnections.OpenAsAdmin(directory, settings);
        await run.RunAsync(api, cancellationToken);
        return 0;
    }

    /// <summary>Runs the application. Returns when its page answers.</summary>
    /// <exception cref="UserErrorException">A part of the example did not become ready.</exception>
    public async Task RunAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        await _images;
        var applier = new ManifestApplier(api);
        var objects = new List<AppliedObject>();
        foreach (var manifest in _files.Manifests)
        {
            objects.AddRange(await applier.ApplyAsync(manifest, cancellationToken));
        }
        Progress.Say($"{objects.Count} objects of the {_files.Example.Name} applied");
        await Rollouts.WaitAsync(api, objects, cancellationToken);
        var page = new Uri($"http://127.0.0.1:{_forward.HostPort}/");
        await WaitForPageAsync(page, cancellationToken);
        Console.WriteLine($"The {_files.Example.Name} is open at {page}");
        Console.WriteLine(
            $"'petrel up' forwards each connection to a ready pod of Service {_forward.Namespace}/{_forward.Service}, "
                + "also during a roll-out."
        );
        Console.WriteLine($"Try:  export KUBECONFIG={_directory.Kubeconfig}; {_files.Example.NextStep}");
    }

    public void Dispose()
    {
        _stop.Cancel();
        // Observe a failure of the image build that was never awaited, because the cluster failed first.
        _images.ContinueWith(task => task.Exception, TaskScheduler.Default).Wait();
        _stop.Dispose();
    }

    private static async Task WaitForPageAsync(Uri page, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var problem = "";
            try
            {
                using var response = await http.GetAsync(page, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
                problem = $"status {(int)response.StatusCode}";
            }
            catch (Exception e)
                when (HttpFailures.IsConnectionFailure(e) || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                problem = e.Message;
            }
            if (TimeProvider.System.GetElapsedTime(start) > PageLimit)
            {
                throw new UserErrorException($"The page at {page} did not answer within {PageLimit.TotalSeconds:0} s: {problem}");
            }
            await Task.Delay(PagePoll, cancellationToken);
        }
    }
}

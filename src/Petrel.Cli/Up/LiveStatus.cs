using Petrel.LocalCluster.Status;
using Petrel.Model.Api;
using Spectre.Console;

namespace Petrel.Cli.Up;

/// <summary>The live view of <c>petrel up</c>: redraws the status every second until cancelled.</summary>
internal static class LiveStatus
{
    public static Task ShowAsync(IApiHandler api, CancellationToken cancellationToken) =>
        AnsiConsole
            .Live(new Text("…"))
            .StartAsync(async view =>
            {
                while (!cancellationToken.IsCancellationRequested)
                {
                    try
                    {
                        var status = await ClusterStatus.ReadAsync(api, cancellationToken);
                        view.UpdateTarget(
                            new Rows(
                                StatusView.Render(status),
                                new Text("Ctrl-C stops the cluster; its objects stay.", new Style(Color.Grey))
                            )
                        );
                    }
                    catch (IOException e)
                    {
                        view.UpdateTarget(new Text($"The server does not answer: {e.Message}"));
                    }
                    catch (OperationCanceledException)
                    {
                        return;
                    }
                    await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
                }
            });
}

using System.Text;
using k8s.Models;
using Petrel.Agent.Http;
using Petrel.Model.Api;

namespace Petrel.Agent.Tests.Pods;

/// <summary>What the log of a container that has not started says.</summary>
public sealed class WaitingLogTests : AgentTestBed
{
    [Theory]
    [InlineData("ErrImagePull", "container \"main\" in pod \"web\" is waiting to start: image can't be pulled")]
    [InlineData("ImagePullBackOff", "container \"main\" in pod \"web\" is waiting to start: trying and failing to pull image")]
    [InlineData("CreateContainerConfigError", "container \"main\" in pod \"web\" is waiting to start: CreateContainerConfigError")]
    [InlineData("PodInitializing", "container \"main\" in pod \"web\" is waiting to start: PodInitializing")]
    public void A_waiting_container_says_what_it_waits_for(string reason, string expected)
    {
        var pod = Pod("web");
        pod.Status = new()
        {
            ContainerStatuses =
            [
                new()
                {
                    Name = "main",
                    State = new() { Waiting = new() { Reason = reason } },
                },
            ],
        };
        Assert.Equal((400, expected), Log("web", pod));
    }

    [Fact]
    public void A_pod_that_is_not_there_is_not_found() => Assert.Equal((404, "pod \"web\" not found"), Log("web", null));

    [Fact]
    public void A_pod_that_was_refused_has_no_log()
    {
        var pod = Pod("web");
        pod.Status = new() { Phase = "Failed", Reason = "OutOfcpu" };
        Assert.Equal((400, "container \"main\" in pod \"web\" is waiting to start - no logs yet"), Log("web", pod));
    }

    private (int Status, string Text) Log(string name, V1Pod? pod)
    {
        var result = (0, "");
        Do(async stop =>
        {
            var api = new KubeletApi(Runtime, (_, wanted) => wanted == name ? pod : null, TimeProvider.System);
            var response = await api.HandleAsync(
                new ApiRequest
                {
                    Method = "GET",
                    Path = $"/containerLogs/default/{name}/main",
                    User = new UserInfo("admin", [UserInfo.MastersGroup]),
                },
                stop
            );
            result = (response.StatusCode, Encoding.UTF8.GetString(response.Body.Span));
        });
        return result;
    }
}

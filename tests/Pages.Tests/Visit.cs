using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>One page in a browser of its own, with what it fetched and what the browser complained about.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private readonly PageServer server;
    private readonly List<string> requests = [];
    private readonly List<string> complaints = [];

    private Visit(IPage page, PageServer server) => (Page, this.server) = (page, server);

    public IPage Page { get; }

    public IReadOnlyList<string> Requests => requests;

    public IReadOnlyList<string> Complaints => complaints;

    public static async Task<Visit> ToAsync(IBrowserContext context, PageServer server, string sample)
    {
        var visit = new Visit(await context.NewPageAsync(), server);
        visit.Page.Request += (_, request) => visit.requests.Add(request.Url);
        visit.Page.Console += (_, line) => visit.complaints.Add(line.Text);
        visit.Page.PageError += (_, error) => visit.complaints.Add(error);
        await visit.Page.GotoAsync($"{server.Address}/{sample}");
        return visit;
    }

    /// <summary>Shows all that is there on demand.</summary>
    public async Task UnfoldAsync() => await Page.EvaluateAsync("() => document.querySelectorAll('details').forEach(one => one.open = true)");

    /// <summary>Ends when what the act leads to is here.</summary>
    public async Task<Uri> GoAsync(Func<IPage, Task> act)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Page.FrameNavigated += Arrived;
        await act(Page);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Page.FrameNavigated -= Arrived;
        return new(Page.Url);

        void Arrived(object? sender, IFrame frame) => _ = frame == Page.MainFrame && gone.TrySetResult();
    }

    /// <summary>What an act posts, by name.</summary>
    public async Task<IReadOnlyList<(string Name, string Value)>> PostAsync(Func<IPage, Task> act)
    {
        var before = server.Posts.Count;
        await GoAsync(act);
        var post = Assert.Single(server.Posts.Skip(before));
        return [.. post.Form!.Select(field => (field.Key, Assert.Single(field.Value)!)).OrderBy(field => field.Key, StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}

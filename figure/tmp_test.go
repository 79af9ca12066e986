package figure_test
import ("testing";"github.com/llmeter-go/llmeter/figure/figuretest";"encoding/json")
func TestTmpProfile(t *testing.T){
 b:=figuretest.Start(t)
 took:=b.Open("/tmp/shots/large.html",figuretest.View{Width:1280})
 var r json.RawMessage
 b.Eval(`({nav:performance.getEntriesByType('navigation')[0].toJSON(), paint: performance.getEntriesByType('paint').map(p=>[p.name,p.startTime]), draws: figures.charts.map(c => { const t=performance.now(); c.draw(); const a=performance.now()-t; return [c.figure.title, Math.round(a)]; })})`,&r)
 t.Log(took, string(r))
 b.Eval(`(()=>{const c=figures.charts.find(c=>c.figure.title.startsWith("All")); const t=performance.now(); const o=c.option(); const t1=performance.now(); c.chart.setOption(o,true); const t2=performance.now(); c.chart.getZr().flush(); const t3=performance.now(); c.furnish(); return [t1-t,t2-t1,t3-t2,performance.now()-t3]})()`,&r)
 t.Log(string(r))
 b.Eval(`(()=>{const c=figures.charts[0]; const t=performance.now(); c.chart.resize(); const t0=performance.now(); const o=c.option(); const t1=performance.now(); c.chart.setOption(o,true); const t2=performance.now(); c.chart.getZr().flush(); const t3=performance.now(); c.furnish(); return [t0-t,t1-t0,t2-t1,t3-t2,performance.now()-t3]})()`,&r)
 t.Log(string(r))
}

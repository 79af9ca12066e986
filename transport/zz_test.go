package transport_test
import ("testing";"net/http";"io";"github.com/llmeter-go/llmeter/transport")
func BenchmarkReqTmp(b *testing.B){
 base := httpServer(b,"tcp","127.0.0.1:0",http.HandlerFunc(func(w http.ResponseWriter,r *http.Request){io.WriteString(w,"hi")}))
 ours := newClient(b, transport.Options{IdleTimeout: 60e9, FirstByteTimeout: 60e9})
 plain := &http.Client{Transport:&http.Transport{DisableCompression:true}}
 for n,c := range map[string]*http.Client{"ours":ours,"plain":plain}{ b.Run(n,func(b *testing.B){ b.ReportAllocs(); for b.Loop(){
  req,_ := http.NewRequest("GET",base,nil)
  if n=="ours" { req = req.WithContext(transport.Trace(req.Context(), new(transport.Timing))) }
  resp,err := c.Do(req); if err!=nil {b.Fatal(err)}; io.Copy(io.Discard,resp.Body); resp.Body.Close() } }) }
 plain.CloseIdleConnections()
}
